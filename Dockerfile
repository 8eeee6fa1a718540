# syntax=docker/dockerfile:1
# The Python services: scheduler, control panel and migrations. docker-compose.yml chooses which one a container runs.

FROM debian:12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml devstack/constraints.txt /build/
RUN sed -i '/^readme = /d; /^license = /d' /build/pyproject.toml \
    && python3 -m venv /srv/venv \
    && /srv/venv/bin/pip install --no-cache-dir --constraint /build/constraints.txt /build

# The same user as in Dockerfile.freeswitch: both write to the shared volumes.
RUN groupadd --gid 10001 dialer \
    && useradd --uid 10001 --gid dialer --home-dir /var/lib/dialer --no-create-home dialer \
    && install -d -o dialer -g dialer \
        /var/lib/dialer /var/lib/dialer/audio /var/lib/dialer/uploads /var/lib/dialer/recordings /var/lib/dialer/spool

WORKDIR /srv/dialer
COPY dialer dialer
COPY db db
COPY integrations integrations
COPY scheduler scheduler
COPY control_panel control_panel
COPY sounds sounds

ENV PATH=/srv/venv/bin:$PATH \
    PYTHONPATH=/srv/dialer \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8
USER dialer
CMD ["python", "-m", "scheduler"]
