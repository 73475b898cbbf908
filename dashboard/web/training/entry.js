/* What a worker runs: joined with everything it imports (dashboard/components/scripts.py), a script of its own. */

import { serve } from "./worker.js";

serve(/** @type {any} */ (globalThis));
