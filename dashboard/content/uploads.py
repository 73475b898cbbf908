"""Images that a visitor uploads: what may be given, who sees them, and for how long."""

from __future__ import annotations

from core.data.given_files import Limits


def lifetime(hours: int) -> str:
    """A number of hours in words: "6 hours", "30 days"."""
    if hours < 72:
        return f"{hours} hour{'s' if hours > 1 else ''}"
    return f"{hours / 24:.0f} days"


def what_may_be_given(limits: Limits, megabytes: int) -> str:
    """The limits of an upload, in a sentence."""
    return (
        f"PNG, JPEG or similar images, or a zip of them: at least ten, at most {limits.files:,} and {megabytes} MB. "
        "Sub-folders become classes."
    )


def who_sees_them(hours: int) -> str:
    """Who sees an upload and how long it is kept, in a sentence."""
    return (
        "Only you see these images and what is trained on them, and whoever you give a link to them. "
        f"They are removed after {lifetime(hours)}, or when you say so."
    )


def kept_until(hours: int) -> str:
    """The same in few words."""
    return f"Uploaded: seen by you and by whoever has your link; removed after {lifetime(hours)}."


def own_takeaway(images: int | None) -> str:
    """The sentence at the top of the page; `images` is how many the pair was trained on, None if there is no pair."""
    if images is not None:
        return f"Both models are trained on your {images:,} images: **every page is about them now**."
    return (
        "Drop some images. Both models are trained on them, and then every page is about *your* images: their points "
        "and clouds, new samples, what lies between two of them."
    )
