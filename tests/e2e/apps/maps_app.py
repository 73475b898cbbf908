"""The linked maps alone, on synthetic digits: two native maps; one button reruns, one changes the projection."""

import numpy as np
import streamlit as st

from dashboard.components.lanes import Images, ModelLabel
from dashboard.components.maps import Colouring, MapData, MapPair, linked_maps
from dashboard.components.sprites import sprite

N = st.query_params.get("n", "300")
n = int(N)
rng = np.random.default_rng(0)
classes = int(st.query_params.get("classes", "10"))
labels = np.arange(n) % classes
angle = labels % 10 * 2 * np.pi / 10
centres = np.stack([np.cos(angle), np.sin(angle)], 1)
codes = (2 * centres + 0.15 * rng.standard_normal((n, 2))).astype(np.float32)
turned = codes @ np.array([[0.0, 1.0], [-1.0, 0.0]], np.float32)
images = np.zeros((n, 28, 28), np.uint8)
for i, label in enumerate(labels):
    images[i, 4:24, 2 * (label % 10) + 2 : 2 * (label % 10) + 5] = 255

if st.button("Rerun"):
    st.session_state["reruns"] = st.session_state.get("reruns", 0) + 1
st.text(f"reruns: {st.session_state.get('reruns', 0)}")
moved = st.toggle("Other projection")
opened = []
error = np.linspace(0.01, 0.02, n)
left = MapData(
    ModelLabel("AE: points", "AE", "#D55E00", "#FF8A3D"),
    turned if moved else codes,
    codes,
    native=True,
    caption="left caption",
)
right = MapData(
    ModelLabel("VAE: clouds", "VAE", "#0072B2", "#56B4E9"),
    turned,
    turned,
    sigma=np.full((n, 2), 0.2),
    native=True,
    caption="right caption",
)
colours = ["#1C51BE", "#EE547F", "#A47100", "#EFAD19", "#5BD4B4", "#8B65E8", "#B7A8F9", "#169CB6", "#5A5A08", "#9B2571"]
HUES = ("#B00000", "#00B000", "#0000B0")
colourings = [
    Colouring("error", "mean squared error", error, error + 0.001),
    Colouring("rate", "VAE's rate", 10 * error, unit="nats", own=("right",)),
    Colouring("factor0", "hue", labels % 3, own=(), levels=("red", "green", "blue"), colors=HUES),
    Colouring("factor1", "size", labels % 2, unit="pixels", own=(), levels=("8", "10")),
]
pair = MapPair(left, right, Images(labels, [str(i) for i in range(classes)], colours, sprite(images)), colourings)
linked_maps(pair, "test", opened.append)
st.text(f"opened: {opened}")
