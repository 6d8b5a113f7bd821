"""Review of a corpus by a person: a static page of its rows, and the decisions that it saves."""
