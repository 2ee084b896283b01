# Sourced after base.sh: real rows to work on.

# fetch_flights: $RUN/flights.json, 231,083 flights of the npm package vega-datasets, from the cache, the first time from
# the npm registry. Fails, saying why, where there is no npm or no network.
fetch_flights() {
    local package=vega-datasets version=2.11.0 file=$CACHE/flights-200k.json folder=$RUN/npm
    if [ ! -s "$file" ]; then
        command -v npm >/dev/null || { say "npm is not installed, so there are no flights" && return 1; }
        mkdir -p "$folder"
        say "fetching the flights: npm package $package $version"
        (cd "$folder" && timeout 120 npm pack --silent "$package@$version" >npm.log 2>&1 &&
            tar -xzf "$package-$version.tgz" package/data/flights-200k.json) ||
            { say 'the npm registry cannot be reached, so there are no flights' && return 1; }
        mv "$folder/package/data/flights-200k.json" "$file.$$" && mv "$file.$$" "$file"
    fi
    install -m 644 "$file" "$RUN/flights.json"
}
