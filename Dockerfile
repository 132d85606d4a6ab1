# `dreamgrid serve` in a container: the page, the HTTP API, S3 and SQS, on the CPU.
#
#     docker build --tag dreamgrid .
#     docker run --rm --network host --volume dreamgrid:/data dreamgrid
#
# It listens on the loopback interface alone, as it knows no users: hence the host's network. Your own
# networks: --volume "$PWD/nets:/nets:ro" --env DREAMGRID_MODELS=/nets
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS pack
WORKDIR /src
COPY . .
RUN npm ci && npm pack --pack-destination /tmp

FROM ${NODE_IMAGE}
# for titles and labels in other scripts than Latin
RUN apt-get update \
  && apt-get install --yes --no-install-recommends fonts-dejavu-core fonts-noto-cjk \
  && rm -rf /var/lib/apt/lists/*
COPY --from=pack /tmp/dreamgrid-*.tgz /tmp/
RUN npm install --global /tmp/dreamgrid-*.tgz && rm /tmp/dreamgrid-*.tgz && npm cache clean --force \
  && mkdir /data && chown node:node /data
USER node
ENV DREAMGRID_CACHE=/data/models
VOLUME /data
# 4566: S3 and SQS; 8787: the page and the API
EXPOSE 4566 8787
CMD ["dreamgrid", "serve", "--data", "/data/objects"]
