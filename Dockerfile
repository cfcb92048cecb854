# Both images can be replaced, by a mirror of them for example: --build-arg SDK_IMAGE=…
# .ci/base-images asks the registry for the two digests and writes them here, and into FastKv.csproj: from then on a tag that
# is moved changes nothing. Without them a build takes what the tags mean on that day.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG SDK_DIGEST=
# Chiseled: the runtime and its libraries, and no shell, package manager or anything else that the service does not use.
# It has no ICU either; the service does without (InvariantGlobalization), and normalizes passwords and emails itself (Auth/Nfc).
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
ARG RUNTIME_DIGEST=
# As in Directory.Build.props; a test holds the two together.
ARG VERSION=1.0.0

# The compiler runs on the machine's own architecture and compiles for the target's.
FROM --platform=$BUILDPLATFORM ${SDK_IMAGE}${SDK_DIGEST:+@$SDK_DIGEST} AS build
ARG TARGETARCH=amd64
ARG VERSION
WORKDIR /source

# The packages, in a layer of their own: it is built again when a version changes, not when a source file does.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/FastKv/FastKv.csproj src/FastKv/
RUN dotnet restore src/FastKv -a "$TARGETARCH" -p:Configuration=Release -p:EmbeddedStore=false

# The project turns ReadyToRun on for a release build with a target, so that a new replica starts warm.
COPY .editorconfig ./
COPY src/FastKv/ src/FastKv/
RUN dotnet publish src/FastKv -c Release -a "$TARGETARCH" --no-self-contained --no-restore \
    -p:EmbeddedStore=false -p:Version="$VERSION" -o /app

FROM ${RUNTIME_IMAGE}${RUNTIME_DIGEST:+@$RUNTIME_DIGEST}
WORKDIR /app
COPY --from=build /app ./
# The base image sets ASPNETCORE_HTTP_PORTS, which ASPNETCORE_URLS would override with a warning at every start.
ENV ASPNETCORE_HTTP_PORTS="" \
    ASPNETCORE_URLS=http://+:8080
EXPOSE 8080
# The base image's user "app", by number: Kubernetes can only see that a number is not root.
USER 1654:1654
# No shell in between: the process is number 1 and gets SIGTERM itself.
ENTRYPOINT ["dotnet", "FastKv.dll"]

# Last, because the time is another in every build. What this repository can't know, who builds it and where its sources and
# pages are, is empty unless it is given.
ARG RUNTIME_IMAGE
ARG RUNTIME_DIGEST
ARG VERSION
ARG REVISION=unknown
ARG CREATED=
ARG VENDOR=
ARG SOURCE=
ARG URL=
ARG DOCUMENTATION=
LABEL org.opencontainers.image.title="FastKv" \
      org.opencontainers.image.description="Users and their key-value data over HTTP, kept in Redis" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.vendor="$VENDOR" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.url="$URL" \
      org.opencontainers.image.documentation="$DOCUMENTATION" \
      org.opencontainers.image.base.name="$RUNTIME_IMAGE" \
      org.opencontainers.image.base.digest="$RUNTIME_DIGEST"
