"""The least a Streamlit page can be that shows a picture: what the dashboard's own pages are compared with."""

import numpy as np
import streamlit as st

st.title("One picture")
st.image(np.random.default_rng(0).integers(0, 255, (280, 280), dtype=np.uint8), width="stretch")
