"""Common claims about autoencoders and VAEs, each with the comparison that decides it.

No verdict is written here: verdicts are computed from the figures (see `core.metrics.verdicts`), and some claims fail.
The `page` of a claim is the view that shows it.
"""

from __future__ import annotations

from typing import Any

from core.metrics.comparisons import FLIP_LEAST, FLIP_MARGIN, SAME_ACCURACY, SAME_ERROR
from core.metrics.verdicts import Case, Claim, Measure


def _pair(label: str, path: str, relation: str, first: str = "ae", **options: Any) -> Case:
    """The same figure of both models, with `first` on the left; options are those of `Case`."""
    other = {"ae": "vae", "vae": "ae"}[first]
    return Case(label, Measure(first, path, first.upper()), relation, Measure(other, path, other.upper()), **options)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "sharper",
        "An AE reconstructs more precisely than a VAE.",
        "Squared error and sharpness of the reconstructions of held-out images",
        "start",
        (
            _pair("in squared error", "reconstruction/mse", "<", digits=4, margin=SAME_ERROR),
            _pair("in sharpness", "reconstruction/sharpness", ">", unit="of the original"),
        ),
    ),
    Claim(
        "prior-nonsense",
        "Random codes from N(0, I) decode to nonsense in an AE.",
        "Share of real images with a sample nearby (coverage): less than half that of the VAE",
        "samples",
        (_pair("", "samples/prior/coverage", "<", margin=0.5),),
    ),
    Claim(
        "prior-best",
        "A VAE is best sampled from its prior.",
        "Fréchet distance of the VAE's samples: codes from the prior against codes from a fitted mixture",
        "samples",
        (
            Case(
                "",
                Measure("vae", "samples/prior/fd", "VAE from the prior"),
                "<",
                Measure("vae", "samples/mixture/fd", "VAE from a mixture"),
                digits=1,
            ),
        ),
    ),
    Claim(
        "ae-generates",
        "With a density fitted to its codes, an AE samples better than a VAE.",
        "Fréchet distance of samples from a mixture fitted to the AE's codes",
        "samples",
        (
            Case(
                "against the VAE's prior",
                Measure("ae", "samples/mixture/fd", "AE from a mixture"),
                "<",
                Measure("vae", "samples/prior/fd", "VAE from the prior"),
                digits=1,
            ),
            Case(
                "against a mixture fitted to the VAE's codes",
                Measure("ae", "samples/mixture/fd", "AE from a mixture"),
                "<",
                Measure("vae", "samples/mixture/fd", "VAE from a mixture"),
                digits=1,
            ),
        ),
    ),
    Claim(
        "nearby",
        "Nearby AE codes decode to different images, nearby VAE codes do not.",
        "How often a step of 0.1 standard deviations changes the class predicted by the classifier",
        "interpolation",
        (_pair("", "smoothness/flip_rate/0.1", ">", digits=3, margin=FLIP_MARGIN, least=FLIP_LEAST),),
    ),
    Claim(
        "smooth",
        "A VAE's latent space is smoother.",
        "Change of the image per standard deviation of the code (slope), and length of the decoded path relative to a "
        "straight line",
        "interpolation",
        (
            _pair("in slope", "smoothness/jacobian", "<", "vae", digits=1),
            _pair("in path length", "interpolation/linear/path_length", "<", "vae", unit="× a straight line"),
        ),
    ),
    Claim(
        "on-data",
        "VAE interpolations stay close to the data, AE interpolations do not.",
        "Density of real images around the image halfway between two codes",
        "interpolation",
        (
            _pair("against the AE", "interpolation/linear/midpoint_density", ">", "vae"),
            Case(
                "against a pixel cross-fade",
                Measure("vae", "interpolation/linear/midpoint_density", "VAE"),
                ">",
                Measure("vae", "interpolation/cross_fade/midpoint_density", "cross-fade"),
            ),
        ),
    ),
    Claim(
        "slerp",
        "Arcs are better paths than straight lines.",
        "Density of real images around the image halfway between two codes",
        "interpolation",
        tuple(
            Case(
                f"in {article} {role.upper()}",
                Measure(role, "interpolation/spherical/midpoint_density", f"{role.upper()} on arcs"),
                ">",
                Measure(role, "interpolation/linear/midpoint_density", f"{role.upper()} on lines"),
            )
            for role, article in (("vae", "a"), ("ae", "an"))
        ),
    ),
    Claim(
        "organised",
        "A VAE's codes are better organised by class than an AE's.",
        "Accuracy of predicting the class from the code: by nearest neighbours and by a linear classifier",
        "latent_maps",
        (
            _pair("by nearest neighbours", "latent/knn_accuracy", ">", "vae", digits=3, margin=0, least=SAME_ACCURACY),
            _pair("by a linear classifier", "latent/linear_probe", ">", "vae", digits=3, margin=0, least=SAME_ACCURACY),
        ),
    ),
    Claim(
        "like-prior",
        "The KL term makes the codes follow N(0, I).",
        "Distance between the distribution of all codes and the prior: by mean and covariance (KL), and by kernel "
        "(MMD)",
        "latent_maps",
        (
            _pair("in mean and covariance", "latent/prior_kl", "<", "vae", unit="nats"),
            _pair("by kernel", "latent/prior_mmd", "<", "vae", digits=4),
        ),
    ),
    Claim(
        "all-dimensions",
        "A VAE leaves unneeded latent dimensions inactive, an AE uses all of them.",
        "Number of latent dimensions whose removal raises the distortion by more than 0.1 nats per image",
        "kl_weight",
        tuple(
            Case(
                label,
                Measure(role, "latent/used_dimensions", role.upper()),
                relation,
                Measure(role, "latent/dimensions", "all"),
                digits=1,
                margin=0,
            )
            for label, role, relation in (("for the VAE", "vae", "<"), ("for the AE", "ae", ">="))
        ),
    ),
    Claim(
        "bigger-beta",
        "A larger β gives better samples.",
        "Fréchet distance of samples from the prior",
        "kl_weight",
        tuple(
            Case(
                f"from β = {low} to {high}",
                Measure(f"vae beta {high}", "samples/prior/fd", f"VAE (β = {high})"),
                "<",
                Measure(f"vae beta {low}", "samples/prior/fd", f"VAE (β = {low})"),
                digits=1,
            )
            for low, high in (("0.1", "1"), ("1", "10"))
        ),
    ),
    Claim(
        "elbo",
        "The ELBO is a good estimate of an image's log-likelihood.",
        "How far a 64-sample importance-weighted bound lies below −ELBO: less than 1 nat",
        "kl_weight",
        (Case("", Measure("vae", "reconstruction/bound_gap", "VAE"), "<", 1.0, unit="nats", digits=1, margin=0),),
    ),
    Claim(
        "denoises",
        "An AE denoises.",
        "PSNR at noise 0.5, compared with the better of two median filters and with PCA",
        "uses",
        tuple(
            Case(
                training,
                Measure(role, "denoising/0.5/model", "AE"),
                ">",
                Measure(role, f"denoising/0.5/{path}", control),
                unit="dB",
                digits=1,
                margin=0,
                detail=f"against {control}",
            )
            for training, role in (("if trained on clean images", "ae"), ("if trained to denoise", "ae denoiser"))
            for control, path in (("the median filter", "median"), ("PCA", "pca"))
        ),
    ),
    Claim(
        "anomalies",
        "An AE detects images unlike its training data.",
        "AUROC of the reconstruction error: at least 0.9",
        "uses",
        (
            Case("on rotated images", Measure("ae", "anomalies/rotated/distortion", "AE"), ">", 0.9, margin=0),
            Case("on another data set", Measure("ae", "anomalies/other/distortion", "AE"), ">", 0.9, margin=0),
            Case(
                "on a class left out of training",
                Measure("ae held-out", "anomalies/held_out/distortion", "AE"),
                ">",
                0.9,
                margin=0,
            ),
        ),
    ),
    Claim(
        "vae-anomalies",
        "A VAE detects anomalies better than an AE, because it models probability.",
        "AUROC of the VAE's −ELBO against that of the AE's reconstruction error",
        "uses",
        tuple(
            Case(
                f"on {what}",
                Measure(f"vae{kind}", f"anomalies/{path}/neg_elbo", "VAE"),
                ">",
                Measure(f"ae{kind}", f"anomalies/{path}/distortion", "AE"),
                digits=3,
                margin=0.01,
            )
            for what, kind, path in (
                ("rotated images", "", "rotated"),
                ("another data set", "", "other"),
                ("a class left out of training", " held-out", "held_out"),
            )
        ),
    ),
    Claim(
        "compresses",
        "An AE compresses images.",
        "Codes with 4 bits per dimension: squared error compared with PCA at the same size, bytes compared with lossy "
        "WebP at the same error",
        "uses",
        (
            Case(
                "against PCA",
                Measure("ae", "compression/bits/4/mse", "AE"),
                "<",
                Measure("ae", "compression/bits/4/pca_mse", "PCA"),
                digits=4,
            ),
            Case(
                "against WebP",
                Measure("ae", "compression/bits/4/bytes", "AE"),
                "<",
                Measure("ae", "compression/bits/4/webp_bytes", "WebP"),
                unit="bytes",
                digits=1,
            ),
        ),
    ),
)
