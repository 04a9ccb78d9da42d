// The form that takes a token, and the button that gives it up.

import * as api from "./api.js";
import * as words from "./words.js";

const byId = (id) => document.getElementById(id);

export function listen() {
  byId("login").firstElementChild.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api.login(byId("token").value);
      location.reload();
    } catch (error) {
      byId("login-error").textContent = words.capital(error instanceof api.Told ? error.message : "no answer; try again");
      byId("token").select();
    }
  });
  byId("leave").addEventListener("click", async () => {
    await api.logout();
    location.reload();
  });
}
