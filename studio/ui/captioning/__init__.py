"""The workbench of the Caption room: datasets as the page sees them, and what is done to them there."""
