# The image of a release: the wheel that `make package` built, and what the runtime lock names.
# docs/how-to/install.md tells how it is built and run.
#
# The base is named by its tag: it then has Debian's latest fixes whenever the image is built. Who
# needs the same bytes each time passes a digest: --build-arg BASE=python@sha256:...
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
COPY requirements/runtime.lock dist/*.whl ./
# Nothing is built, only what the lock has a digest of is installed, and pip does not stay.
# Compiled once and for all, without a look at the sources' times: importing IBM's SDK without
# bytecode takes seconds and hundreds of megabytes, and the user cannot write any.
RUN python -m venv /opt/vpcmetactl \
 && /opt/vpcmetactl/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
    --no-compile --only-binary :all: --require-hashes -r runtime.lock \
 && /opt/vpcmetactl/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
    --no-compile --no-index --no-deps ./*.whl \
 && /opt/vpcmetactl/bin/python -m pip uninstall --quiet --yes pip \
 && /opt/vpcmetactl/bin/python -m compileall -q --invalidation-mode unchecked-hash \
    /opt/vpcmetactl/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="vpcmetactl" \
      org.opencontainers.image.licenses="Apache-2.0"
# The folder for the state file, so that a volume that is mounted there belongs to the user.
RUN useradd --uid 10001 --create-home vpcmetactl \
 && install -d -o vpcmetactl -g vpcmetactl -m 0700 /home/vpcmetactl/.local/state/vpcmetactl
COPY --from=build /opt/vpcmetactl /opt/vpcmetactl
ENV PATH=/opt/vpcmetactl/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
# By number: Kubernetes can tell that it is not root.
USER 10001
WORKDIR /home/vpcmetactl
ENTRYPOINT ["vpcmetactl"]
