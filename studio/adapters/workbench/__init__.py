"""The workbench: new adapter files out of others."""
