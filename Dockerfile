# The exporter on a slim Python. Needs no privilege, no capability and no writable file system.
#
#   docker run --read-only --cap-drop=ALL -p 10917:10917 zapi-exporter --demo
#
# Secrets come at run time only, by file or environment: see docs/install.md.
ARG PYTHON_IMAGE=docker.io/library/python:3.13.16-slim-trixie@sha256:70729b46c69b4f1e97c4822c1af3df53a1476cf5ddc6c087c0c10bc3a5678c2f

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
# pip installs into the exporter's environment from one of its own, which stays behind here.
RUN python3 -m venv tools \
    && python3 -m venv --without-pip /opt/zapi-exporter \
    && tools/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes -r requirements-build.lock \
    && tools/bin/pip --python /opt/zapi-exporter install --no-cache-dir --only-binary=:all: --require-hashes \
        -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
RUN tools/bin/pip wheel --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir dist . \
    && tools/bin/pip --python /opt/zapi-exporter install --no-cache-dir --no-index --no-deps dist/*.whl

FROM ${PYTHON_IMAGE}
# The interpreter of the base image comes with pip, which nothing here may need.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/pip*
COPY --from=build /opt/zapi-exporter /opt/zapi-exporter
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="zapi-exporter" \
      org.opencontainers.image.description="Prometheus exporter for WhatsApp instances behind Z-API" \
      org.opencontainers.image.source="https://github.com/zapi-exporter/zapi-exporter" \
      org.opencontainers.image.documentation="https://github.com/zapi-exporter/zapi-exporter/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH="/opt/zapi-exporter/bin:${PATH}"
WORKDIR /etc/zapi-exporter
USER 65532:65532
EXPOSE 10917
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s \
    CMD ["/opt/zapi-exporter/bin/python3", "-m", "exporter.healthcheck"]
# A signal that comes while Python starts would be lost to process 1: blocked, it waits until the exporter can obey it.
ENTRYPOINT ["/usr/bin/env", "--block-signal=HUP,INT,TERM", "/opt/zapi-exporter/bin/zapi-exporter"]
CMD ["--config.file=/etc/zapi-exporter/config.yaml"]
