/* What a worker runs: joined with everything it imports (dashboard/components/scripts.py), it is a script of its own. */

import { serve } from "./worker.js";

serve(/** @type {any} */ (globalThis));
