"""What a person *moves* rather than chooses: components that run the real networks in the page.

Each has a folder with its script, markup and style sheet beside its Python side; what several scripts import is in
dashboard/web/. scripts.py registers a component and joins its files, assets.py brings weights and pictures to it.
"""
