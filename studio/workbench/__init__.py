"""The workbench as jobs: new LoRA files out of others, and looks at how they go together."""
