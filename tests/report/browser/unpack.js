// Unpacks the browser, and the libraries and fonts that a bare machine lacks, into $TMPDIR; prints where it is.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());
