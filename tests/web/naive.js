/* The layers as their definitions: plain loops over torch's order of numbers, in double precision. */

export const ACTIVATIONS = { relu: (x) => Math.max(x, 0), silu: (x) => x / (1 + Math.exp(-x)) };

/** y[o] = b[o] + sum_i W[o, i] x[i] */
function linear(x, { inputs, outputs }, weight, bias) {
  return Array.from({ length: outputs }, (_, o) => {
    let sum = bias[o];
    for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[i];
    return sum;
  });
}

/** y[o, r, c] = b[o] + sum_{i, u, v} W[o, i, u, v] x[i, stride r + u - padding, stride c + v - padding] */
function conv(x, { inputs, outputs, kernel, stride, padding }, weight, bias, side) {
  const size = Math.floor((side + 2 * padding - kernel) / stride) + 1;
  const y = new Float64Array(outputs * size * size);
  for (let o = 0; o < outputs; o++)
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++) {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++)
          for (let u = 0; u < kernel; u++)
            for (let v = 0; v < kernel; v++) {
              const [row, column] = [stride * r + u - padding, stride * c + v - padding];
              if (row >= 0 && column >= 0 && row < side && column < side)
                sum += weight[((o * inputs + i) * kernel + u) * kernel + v] * x[(i * side + row) * side + column];
            }
        y[(o * size + r) * size + c] = sum;
      }
  return y;
}

/** Every input pixel adds W[i, o] times itself around (stride r - padding, stride c - padding). */
function transposed(x, { inputs, outputs, kernel, stride, padding }, weight, bias, side) {
  const size = (side - 1) * stride + kernel - 2 * padding;
  const y = Float64Array.from({ length: outputs * size * size }, (_, at) => bias[Math.floor(at / (size * size))]);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++)
      for (let r = 0; r < side; r++)
        for (let c = 0; c < side; c++)
          for (let u = 0; u < kernel; u++)
            for (let v = 0; v < kernel; v++) {
              const [row, column] = [stride * r + u - padding, stride * c + v - padding];
              if (row >= 0 && column >= 0 && row < size && column < size)
                y[(o * size + row) * size + column] +=
                  weight[((i * outputs + o) * kernel + u) * kernel + v] * x[(i * side + r) * side + c];
            }
  return y;
}

export const NAIVE = { linear, conv, transposed };

/** What a stack makes of one input: layer, activation, scale and shift by the condition, as core/models/networks.py. */
export function naiveStack(table, tensors, prefix, activation, last, side, input, condition = []) {
  let x = input;
  table.forEach((layer, i) => {
    const { data } = tensors[`${prefix}.layers.${i}.weight`];
    let y = NAIVE[layer.kind](x, layer, data, tensors[`${prefix}.layers.${i}.bias`].data, side);
    if (last || i < table.length - 1) {
      y = Array.from(y, ACTIVATIONS[activation]);
      const film = tensors[`${prefix}.films.${i}.weight`];
      if (film) {
        const each = y.length / layer.outputs,
          bias = tensors[`${prefix}.films.${i}.bias`].data;
        const value = (row) =>
          condition.reduce((sum, c, j) => sum + film.data[row * condition.length + j] * c, bias[row]);
        y = y.map((h, at) => {
          const channel = Math.floor(at / each);
          return (1 + value(channel)) * h + value(layer.outputs + channel);
        });
      }
    }
    x = y;
    side = layer.kind === "linear" ? 0 : Math.sqrt(y.length / layer.outputs);
    const next = table[i + 1];
    if (layer.kind === "linear" && next?.kind === "transposed") side = Math.sqrt(y.length / next.inputs);
  });
  return x;
}
