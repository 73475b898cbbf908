"""The interactive parts of the pages: Streamlit components that run the networks in the visitor's browser.

Each has a folder with its script, markup and style sheet beside its Python side; what several scripts import is in
dashboard/web/. scripts.py registers a component and bundles its files, assets.py serves weights and images to it.
"""
