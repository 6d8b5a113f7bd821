"""What a build did, in figures: for its last lines, the data card and the bill of materials."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StageAccount(BaseModel):
    """What one stage did.

    Attributes:
        name: Of the stage.
        records_in: Records that it read.
        records_out: Records that it passed on.
        rejected: Records that it rejected, by check.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    records_in: int
    records_out: int
    rejected: dict[str, int] = {}


class ModelAccount(BaseModel):
    """What one model was used for, over all runs of the build.

    Attributes:
        name: Of the model.
        calls: Calls made.
        tokens_in: Tokens of the prompts.
        tokens_out: Tokens of the replies.
        usd: US dollars; None where no price is given.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    name: str
    calls: int
    tokens_in: int
    tokens_out: int
    usd: float | None


class BuildAccount(BaseModel):
    """What a whole build did.

    Attributes:
        stages: In their order.
        models: The writer, then the critic.
        drafts: Rows that the model was asked for.
        accepted: Rows in the corpus.
        version: Of this package.
        config: The configuration, as JSON.
    """

    model_config = ConfigDict(frozen=True)

    stages: tuple[StageAccount, ...]
    models: tuple[ModelAccount, ...]
    drafts: int
    accepted: int
    version: str
    config: dict[str, object]

    @property
    def acceptance_rate(self) -> float | None:
        """Share of the drafts that were accepted; None without drafts."""
        return self.accepted / self.drafts if self.drafts else None

    @property
    def tokens_per_row(self) -> float | None:
        """Tokens (in and out, of all models) per accepted row; None without rows."""
        tokens = sum(model.tokens_in + model.tokens_out for model in self.models)
        return tokens / self.accepted if self.accepted else None
