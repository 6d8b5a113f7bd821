"""Training encoders: masked language models, bi-encoders, cross-encoders, entity taggers, classifiers of code."""
