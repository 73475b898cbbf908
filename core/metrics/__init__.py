"""Measures of a model. Each metric is a function from arrays to a number; its formula and source are in its module.

    reconstruction            quality of reconstructions: MSE, PSNR, SSIM, sharpness; a tighter bound than the ELBO
    judge, judge_training     a small classifier of the same images, used by the measures of generated images
    samples                   generated against real images: Frechet distance, precision, recall, density, coverage
    paths                     images between two codes, and the effect of a small step
    latent                    the distribution of the codes: probes, distance to the prior, information
    disentanglement           whether single latent dimensions follow known factors: MIG, DCI, FactorVAE score
    denoising_and_anomalies   two applications of autoencoders
    compression               codes as bytes, compared with PNG, WebP and PCA
    linear                    PCA, the linear control
    factor_scores, factor_claims   that for one run; the claims about it, and what the seed changes beside beta
    scores, records           all measures of one run, and their files
    claims, verdicts          common claims, and how figures decide them
    comparisons               questions that several pages ask about a pair of models
    scorecard                 the claims decided for a data set and latent size
    measuring                 measuring all runs for the scorecard, publishing and checking their scores

Conventions: pictures are float32 in [0, 1], (N, H, W) or, in colour, (N, 3, H, W); codes (N, d); features (N, k).
Everything is measured on test images and is reproducible for a given seed.
"""
