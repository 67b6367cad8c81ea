// Light, dark, or as the system has it. Loaded before the page is drawn, so that it does not flash.
"use strict";

{
  const KEY = "nutbus-theme";
  const NEXT = { auto: "dark", dark: "light", light: "auto" };
  const kept = () => {
    try {
      return localStorage.getItem(KEY) ?? "auto";
    } catch {
      return "auto"; // storage may be forbidden
    }
  };
  const show = (theme) => {
    document.documentElement.dataset.theme = theme in NEXT ? theme : "auto";
  };
  show(kept());

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = button.querySelector("span");
    const name = () => document.documentElement.dataset.theme;
    button.hidden = false;
    label.textContent = name();
    button.addEventListener("click", () => {
      show(NEXT[name()]);
      label.textContent = name();
      try {
        localStorage.setItem(KEY, name());
      } catch {
        // then it lasts as long as the page
      }
    });
  });
}
