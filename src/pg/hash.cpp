#include "pg/hash.hpp"

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "common/sha2.h"
}

namespace mvmanager::pg {

std::string sha256(std::string_view bytes) {
    std::string digest(PG_SHA256_DIGEST_LENGTH, '\0');
    call([&] {
        pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
        if (!context)
            ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
        if (pg_cryptohash_init(context) < 0 ||
            pg_cryptohash_update(context, reinterpret_cast<const uint8 *>(bytes.data()), bytes.size()) < 0 ||
            pg_cryptohash_final(context, reinterpret_cast<uint8 *>(digest.data()), digest.size()) < 0)
            elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(context));
        pg_cryptohash_free(context);
    });
    return digest;
}

std::uint64_t hash64(std::string_view bytes) {
    return hash_bytes_extended(reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()),
                               0);
}

} // namespace mvmanager::pg
