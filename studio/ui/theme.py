"""The look: neutral greys, so that pictures keep their colours, and one pigment, viridian.

The colours themselves are the tokens in `assets/tokens.css`; here gradio's many variables are
pointed at them, once for light and dark.
"""

from __future__ import annotations

from inspect import signature

import gradio as gr
from gradio.themes.utils import sizes

from studio.ui.markup import HERE

STYLES = ("page", "fields", "widgets", "rooms", "bench", "editor", "mixer", "training", "easel", "loras")
SCRIPTS = (
    *(
        "live",
        "build",
        "closeup",
        "page",
        "heart",
        "drop",
        "brush",
        "keeper",
        "prompting",
        "knob",
        "card",
        "pad",
        "mixer",
    ),
    *("training", "split", "easel", "zip", "gallery", "source", "axes", "drops"),
    *("bring", "cards", "deck", "grid", "regions", "editor", "batch", "doctor", "bench"),
    *("lorashelf", "lorasgrid", "loraspanel", "loras"),
)

VARIABLES = {
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--ink-soft)",
    "background_fill_primary": "var(--panel)",
    "background_fill_secondary": "var(--raised)",
    "border_color_primary": "var(--line)",
    "border_color_accent": "var(--accent)",
    "color_accent": "var(--accent)",
    "color_accent_soft": "var(--accent-soft)",
    "link_text_color": "var(--accent)",
    "link_text_color_hover": "var(--accent-strong)",
    "link_text_color_active": "var(--accent-strong)",
    "link_text_color_visited": "var(--accent)",
    "block_background_fill": "transparent",
    "block_border_color": "transparent",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_padding": "0px",
    "block_title_text_color": "var(--ink)",
    "block_title_text_weight": "560",
    "block_title_text_size": "13.5px",
    "block_info_text_color": "var(--ink-soft)",
    "block_info_text_size": "12.5px",
    "block_label_text_color": "var(--ink-soft)",
    "block_label_background_fill": "transparent",
    "block_label_border_width": "0px",
    "form_gap_width": "0px",
    "input_background_fill": "var(--field)",
    "input_background_fill_focus": "var(--panel)",
    "input_background_fill_hover": "var(--field)",
    "input_border_color": "var(--edge)",
    "input_border_color_focus": "var(--accent)",
    "input_border_color_hover": "var(--edge-strong)",
    "input_border_width": "1px",
    "input_padding": "8px 10px",
    "input_placeholder_color": "var(--ink-faint)",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_text_size": "14px",
    "checkbox_background_color": "var(--field)",
    "checkbox_background_color_focus": "var(--field)",
    "checkbox_background_color_hover": "var(--field)",
    "checkbox_background_color_selected": "var(--accent)",
    "checkbox_border_color": "var(--edge)",
    "checkbox_border_color_selected": "var(--accent)",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_hover": "transparent",
    "checkbox_label_background_fill_selected": "var(--panel)",
    "checkbox_label_border_width": "0px",
    "checkbox_label_text_color": "var(--ink-soft)",
    "checkbox_label_text_color_selected": "var(--ink)",
    "slider_color": "var(--accent)",
    "loader_color": "var(--accent)",
    "button_primary_background_fill": "var(--accent)",
    "button_primary_background_fill_hover": "var(--accent-strong)",
    "button_primary_text_color": "var(--on-accent)",
    "button_primary_text_color_hover": "var(--on-accent)",
    "button_primary_border_color": "transparent",
    "button_primary_shadow": "none",
    "button_secondary_background_fill": "var(--raised)",
    "button_secondary_background_fill_hover": "var(--hover)",
    "button_secondary_text_color": "var(--ink)",
    "button_secondary_text_color_hover": "var(--ink)",
    "button_secondary_border_color": "var(--edge)",
    "button_secondary_border_color_hover": "var(--edge-strong)",
    "error_text_color": "var(--danger)",
    "error_icon_color": "var(--danger)",
    "error_border_color": "var(--danger)",
    "error_background_fill": "var(--danger-soft)",
}

PAINTED = {"body_background_fill": "#f2f1ee", "body_background_fill_dark": "#151514"}
"""Literal, because the page is painted with these before the tokens are there."""


class Studio(gr.themes.Base):
    """Gradio's components in the studio's colours, with the fonts of the system."""

    def __init__(self) -> None:
        super().__init__(
            text_size=sizes.text_md,
            radius_size=sizes.radius_md,
            spacing_size=sizes.spacing_md,
            font=[gr.themes.Font("sans-serif")],  # in full in tokens.css: gradio would quote system-ui
            font_mono=[gr.themes.Font("monospace")],
        )
        dark = {f"{name}_dark": value for name, value in VARIABLES.items()}
        known = signature(self.set).parameters  # sizes have no dark twin
        # One call: a second one would set back what gradio looks up under another name.
        self.set(**VARIABLES, **PAINTED, **{name: value for name, value in dark.items() if name in known})


def css() -> str:
    """All styles of the page."""
    return _joined("css", STYLES)


def head() -> str:
    """What goes into the head of the page: tokens and scripts, no address among them.

    The tokens stand here because gradio puts its container before every selector of `css`.
    """
    return f"<style>\n{_joined('css', ('tokens',))}</style><script>\n{_joined('js', SCRIPTS)}</script>"


def _joined(kind: str, names: tuple[str, ...]) -> str:
    return "\n".join((HERE / "assets" / f"{name}.{kind}").read_text(encoding="utf-8") for name in names)
