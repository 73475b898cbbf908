"""Pictures that more than one page shows: drawn here once, from the same models, figures and components.

stills.py holds images and charts, live.py what runs in the browser.
"""
