"""Persistence for all stages: versioned manifests, a cache of bounded size, and the run journal. Nothing here depends on a stage."""

from vega_gen.store.cache import (
    CacheUse,
    cache_clear,
    cache_dir,
    cache_dump,
    cache_folder,
    cache_get,
    cache_limit,
    cache_load,
    cache_put,
    cache_trim,
    cache_use,
)
from vega_gen.store.dependencies import code_version
from vega_gen.store.manifests import VERSION, Codec, codec, digest, dump, load, manifest, shape, write_atomic
from vega_gen.store.run_journal import Journal

__all__ = [
    "VERSION", "CacheUse", "Codec", "Journal", "cache_clear", "cache_dir", "cache_dump", "cache_folder", "cache_get", "cache_limit",
    "cache_load", "cache_put", "cache_trim", "cache_use", "code_version", "codec", "digest", "dump", "load", "manifest", "shape",
    "write_atomic",
]  # fmt: skip
