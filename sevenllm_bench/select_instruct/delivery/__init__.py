"""What a build leaves behind: training file, bill of materials, data card, review page."""
