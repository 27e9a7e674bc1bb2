"""All words of the agent: message catalogs in eight languages, reasons, answers, and the check of a model's prose."""
