"""One run of one stage: parameters, sandbox, kernel, papermill, and how it ended."""
