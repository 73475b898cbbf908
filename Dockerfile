# The dashboard in a container, as strangers may be let at it: CPU builds, an ordinary user, the demo profile.
#
#     docker build -t point-or-cloud . && docker run --rm -p 7860:7860 point-or-cloud
#
# `python -m tests.hosting.container` carries out these very steps where there is no container engine.
FROM python:3.11-slim-bookworm

# Google's allocator in place of the C library's: trainings take a sixth less time, and the process holds less memory.
RUN apt-get update && apt-get install -y --no-install-recommends libtcmalloc-minimal4 && rm -rf /var/lib/apt/lists/*

# 1000 is the number of the user that Hugging Face runs a Space as.
RUN useradd --create-home --uid 1000 visitor
WORKDIR /app

# What changes seldom comes first: a build after a change of code does not install everything again. So the dependencies
# are installed with an empty project, and the project itself below.
COPY pyproject.toml README.md LICENSE ./
# PyTorch's own index has builds for CPUs; those on PyPI bring several GB of CUDA libraries.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -c "import tomllib as t; print(*(d for d in t.load(open('pyproject.toml', 'rb'))['project']['dependencies'] if d.startswith('torch')))" \
    | xargs pip install --no-cache-dir --index-url "$TORCH_INDEX"
RUN pip install --no-cache-dir .

COPY .streamlit .streamlit
COPY docs/start.png docs/
COPY checkpoints checkpoints
COPY core core
COPY dashboard dashboard
RUN pip install --no-cache-dir --no-deps -e .

# Root owns the code and the shipped runs; the server may write to its user's home alone.
USER visitor
ENV LD_PRELOAD=libtcmalloc_minimal.so.4 \
    POINT_OR_CLOUD_PROFILE=demo \
    POINT_OR_CLOUD_CACHE=/home/visitor/cache \
    NUMBA_CPU_NAME=generic \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=7860 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none

# The images are parsed and UMAP is compiled once, here (for any processor of this kind, hence NUMBA_CPU_NAME).
RUN python -m core warm-up

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import os, urllib.request as u; e = os.environ; b = e.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); u.urlopen('http://127.0.0.1:' + e['STREAMLIT_SERVER_PORT'] + '/' + (b and b + '/') + '_stcore/health', timeout=4)"

# A setting that cannot be used ends the container at once, with a line that says why.
CMD python -m core settings && exec streamlit run dashboard/server.py
