# One image with the five executables; docker-compose.yml says which of them a container runs.

FROM swift:6.3-bookworm AS build
WORKDIR /src
# The packages that scripts/setup names, in a layer of their own: sources change more often.
COPY scripts/setup scripts/setup
RUN scripts/setup && rm -rf /var/lib/apt/lists/*
COPY Package.swift ./
COPY Modules Modules
COPY Services Services
COPY Benchmarks Benchmarks
COPY Tests Tests
# Swift's libraries are shared by the five executables: inside each of them they would take four times the room. Those that
# the executables need go into the final image, to the place where the executables look for them.
RUN swift build --configuration release --product tributary \
    && for worker in referral approval payout notification; do \
        swift build --configuration release --product "$worker-worker" || exit 1; \
    done \
    && mkdir -p /out/bin /out/lib \
    && for product in tributary referral-worker approval-worker payout-worker notification-worker; do \
        cp ".build/release/$product" /out/bin/ || exit 1; \
    done \
    && ldd /out/bin/* | awk '$3 ~ "^/usr/lib/swift/linux/" { print $3 }' | sort -u | xargs cp --target-directory /out/lib \
    && strip --strip-unneeded /out/bin/* /out/lib/*

FROM debian:bookworm-slim
RUN apt-get update -q \
    && apt-get install --yes -q --no-install-recommends \
        ca-certificates libcurl4 libidn2-0 libjemalloc2 liblz4-1 libmicrohttpd12 libpsl5 librdkafka1 libsimdjson14 libsqlite3-0 libssl3 libstdc++6 \
        libyaml-0-2 publicsuffix \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/tributary --shell /usr/sbin/nologin tributary \
    && install --directory --owner tributary --group tributary --mode 0700 /var/lib/tributary
COPY --from=build /out/lib/ /usr/lib/swift/linux/
COPY --from=build /out/bin/ /usr/local/bin/
RUN echo /usr/lib/swift/linux >/etc/ld.so.conf.d/swift.conf && ldconfig && tributary --help >/dev/null
COPY Examples /usr/local/share/tributary/Examples
COPY LICENSE /usr/local/share/doc/tributary/LICENSE
USER tributary
WORKDIR /usr/local/share/tributary
ENV TRIBUTARY_DATA=/var/lib/tributary
VOLUME /var/lib/tributary
CMD ["tributary", "--help"]
