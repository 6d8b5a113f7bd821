"""A static report of runs: pages that open from disk, with no network, whatever a model wrote."""
