"""The scores of the models whose answers the benchmark's authors published: what any run can be compared with."""
