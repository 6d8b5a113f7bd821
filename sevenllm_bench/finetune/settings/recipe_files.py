"""The recipes that come with the package: configurations by name."""

from __future__ import annotations

from importlib.resources import files

RECIPES = files("sevenllm_bench.finetune") / "recipes"


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes, in order."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in RECIPES.iterdir() if path.name.endswith(".yaml")))
