"""What a person *moves* rather than chooses: components that run the real networks in the page.

networks.js holds the forward pass, one .js file a component the rest; each .py is that component's Python side.
"""
