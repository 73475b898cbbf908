"""The dashboard as a static site: files for any web host, without a server behind them.

    recorder.py     runs the app's own script and records what it would send to a browser
    plan.py         which views are built ahead, and where the buttons and messages of a view lead
    elements.py     turns the recorded elements into HTML, light and dark in one
    controls.py     what becomes of controls, which have no server here
    files.py        the addresses of views, and the files that they share
    pages.py        what is around a view: navigation, controls
    build.py        all of that in order
    hosted.py       the form for a web host: networks and images in separate files, loaded on demand
    single.py       the form for a disk: one file per page
    site.js         the frame in the browser; store.js, hosts.js, views.js and morph.js: the files, the components,
                    the views of a page, and how one becomes another
    worker.js       keeps what was opened for a visit without a network

Texts, numbers and pictures are those of the Streamlit pages, because they are drawn by the same scripts.
"""
