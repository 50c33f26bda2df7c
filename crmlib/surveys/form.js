"use strict";
const form = document.getElementById("form");
const state = document.getElementById("status");

// What was answered; what was left out is not there.
function reply() {
  const answers = {};
  for (const question of form.querySelectorAll("[data-question]")) {
    const name = question.dataset.question;
    const chosen = [...question.querySelectorAll("input:checked")].map((input) => input.value);
    const kind = question.dataset.kind;
    if (kind === "text") {
      const text = question.querySelector("textarea").value.trim();
      if (text) answers[name] = text;
    } else if (chosen.length) {
      answers[name] = kind === "several" ? chosen : kind === "choice" ? chosen[0] : Number(chosen[0]);
    }
  }
  return {
    questionnaire: form.dataset.questionnaire,
    version: form.dataset.version,
    language: form.dataset.language,
    answered: new Date().toISOString(),
    customer: new URLSearchParams(location.hash.slice(1)).get("t") || "",
    answers,
  };
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = reply();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(said, null, 2) + "\n"], { type: "application/json" }));
  link.download = `${said.questionnaire}-${said.answered.replace(/[^0-9]/g, "")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  state.textContent = `${state.dataset.thanks} ${state.dataset.saved.replace("{file}", link.download)}`;
});

const mail = document.getElementById("mail");
if (mail) {
  mail.addEventListener("click", () => {
    const said = reply();
    const body = encodeURIComponent(JSON.stringify(said));
    location.href = `mailto:${form.dataset.mail}?subject=${encodeURIComponent(said.questionnaire)}&body=${body}`;
    state.textContent = state.dataset.thanks;
  });
}

form.addEventListener("reset", () => { state.textContent = ""; });
