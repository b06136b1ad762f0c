# One image for every role: ROLE=host answers requests, ROLE=worker runs workflows and activities.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json prisma.config.ts ./
COPY prisma prisma
COPY src src
COPY scripts/sbom.ts scripts/
# What the image is made of is in it: dist/sbom.cdx.json.
RUN npm run build && npm run sbom && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
# Its root may be read-only: what it keeps for the next start goes where it may write.
ENV NODE_ENV=production XDG_CACHE_HOME=/tmp/cache
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY prisma prisma
COPY workflows workflows
USER node
CMD ["node", "dist/main.js", "start"]
