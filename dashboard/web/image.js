/* The size of the images that all networks here take: grey, 28 x 28. */

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
