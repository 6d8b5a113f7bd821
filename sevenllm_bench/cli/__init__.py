"""The command line `sevenllm-bench`: one thin module per command, imported when the command runs."""
