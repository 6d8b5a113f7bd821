"""Statistics over rows: intervals, paired tests, corrections. Arrays in, numbers out; nothing here knows of runs or tasks.

A figure over several strata (sections, say) is the unweighted mean of their means; one stratum is the plain case.
"""
