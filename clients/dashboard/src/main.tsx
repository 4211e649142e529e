import { createClient } from "@quarterdeck/client";
import { QuarterdeckProvider } from "@quarterdeck/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { ThemeProvider } from "./theme";
import "./styles/index.css";

const client = createClient({ baseUrl: window.location.origin });
const root = document.getElementById("root");

if (root) {
  createRoot(root).render(
    <StrictMode>
      <ThemeProvider>
        <QuarterdeckProvider client={client}>
          <App />
        </QuarterdeckProvider>
      </ThemeProvider>
    </StrictMode>,
  );
}
