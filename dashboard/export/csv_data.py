"""The data of a page as CSV files: the points of its charts, and the per-image arrays of its components."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dashboard.export.capture import Node
from dashboard.export.page_file import Read, component_data
from dashboard.plots.plotly_json import array_of

AXES = ("x", "y", "z", "text")


def elements(node: Node) -> Iterator[Any]:
    """All elements of a page, in order."""
    if node.element is not None:
        yield node.element
    for child in node:
        yield from elements(child)


def chart(figure: Mapping[str, Any]) -> str:
    """A plotly figure (JSON of `components.chart` or plotly) as CSV: series and coordinates, one row per point."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("series", *AXES))
    for i, trace in enumerate(figure.get("data", [])):
        found = {axis: array_of(trace.get(axis)) for axis in AXES}
        columns = {axis: column for axis, column in found.items() if column is not None}
        if "z" in columns and columns["z"].ndim == 2:  # a heat map: one row per cell
            z = columns["z"]
            rows, cells = np.indices(z.shape).reshape(2, -1)
            x = columns["x"] if "x" in columns else np.arange(z.shape[1])
            y = columns["y"] if "y" in columns else np.arange(z.shape[0])
            columns = {"x": x[cells], "y": y[rows], "z": z.reshape(-1)}
        length = max((len(c) for c in columns.values()), default=0)
        name = trace.get("name") or i
        for j in range(length):
            cells = (columns[axis][j] if axis in columns and j < len(columns[axis]) else "" for axis in AXES)
            writer.writerow((name, *cells))
    return out.getvalue()


def table(arrays: Mapping[str, np.ndarray]) -> str:
    """A component's arrays as CSV, with one row per image; arrays of other lengths are left out."""
    n = len(arrays["labels"]) if "labels" in arrays else max((len(a) for a in arrays.values()), default=0)
    columns: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if len(array) == n and array.ndim <= 2:
            columns |= {name: array} if array.ndim == 1 else {f"{name}_{j}": array[:, j] for j in range(array.shape[1])}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("image", *columns))
    for i in range(n if columns else 0):
        writer.writerow((i, *(f"{c[i]:.6g}" for c in columns.values())))
    return out.getvalue()


def csv_files(root: Node, read: Read) -> dict[str, str]:
    """File name -> CSV, for every chart and every component of a page that was sent arrays."""
    from safetensors.numpy import load

    files: dict[str, str] = {}
    for element in elements(root):
        if element.WhichOneof("type") != "bidi_component":
            continue
        component = element.bidi_component
        data = component_data(component)
        if not isinstance(data, dict):
            continue
        if "figure" in data:
            files[f"{len(files) + 1:02d}-chart.csv"] = chart(data["figure"])
        elif isinstance(data.get("arrays"), str) and (content := read(data["arrays"])):
            name = component.component_name.split("point_or_cloud_")[-1]
            files[f"{len(files) + 1:02d}-{name}.csv"] = table(load(content))
    return files


def csv_zip(root: Node, read: Read) -> bytes:
    """`csv_files` in one zip; for a page without any, the zip has a text file that says so."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        files = csv_files(root, read) or {"README.txt": "This page has no charts and no other numerical data.\n"}
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
