"""What is measured about a model. Each metric is one function: arrays in, a number out, its formula and source above it.

    reconstruction   how well an image comes back: MSE, PSNR, SSIM, sharpness; D, R, ELBO and a tighter bound
    judge            a small classifier of the same images: the eyes of everything that needs an opinion
    samples          do generated images look like real ones: Frechet distance, precision, recall, density, coverage
    paths            what lies between two codes, and how far a small step moves the image
    latent           how the codes are laid out: neighbours, probes, distance to the prior, information
    robustness       what people use autoencoders for: denoising, anomalies
    compression      codes as bytes, beside PNG, WebP and PCA
    scorecard        all of it for one run, and the claims it decides

Conventions: images are float32 (N, 28, 28) in [0, 1]; codes (N, d); features (N, k). Everything is measured on held-out
images and is the same for one seed.
"""
