/** What is shown: the sign-in, or the screen the address names. */
import { useQuarterdeck, useSession } from "@quarterdeck/client/react";
import { lazy, Suspense, useEffect, type ReactElement } from "react";
import { useRoute } from "./route";
import { SignIn } from "./screens/sign-in";
import { Shell } from "./shell/shell";
import { Loading } from "./ui/states";

const Overview = lazy(() => import("./screens/overview/overview"));
const Market = lazy(() => import("./screens/market/market"));
const Analytics = lazy(() => import("./screens/analytics/analytics"));
const System = lazy(() => import("./screens/system/system"));

/** The dashboard. */
export function App(): ReactElement {
  const { session } = useQuarterdeck();
  const { state } = useSession();
  useEffect(() => void session.restore(), [session]);
  if (state === "restoring") return <Loading lines={1} />;
  return state === "signed_in" ? <Screens /> : <SignIn />;
}

function Screens(): ReactElement {
  const route = useRoute();
  return (
    <Shell screen={route.screen}>
      <Suspense fallback={<Loading lines={6} />}>
        {route.screen === "overview" && <Overview />}
        {route.screen === "market" && <Market instrument={route.rest} />}
        {route.screen === "analytics" && <Analytics />}
        {route.screen === "system" && <System />}
      </Suspense>
    </Shell>
  );
}
