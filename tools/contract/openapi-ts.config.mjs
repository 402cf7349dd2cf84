// Generates both TypeScript clients in one run, into the folder OUTPUT.
const { CLINICIANS, CLIENTS, OUTPUT } = process.env;

export default [
  { input: CLINICIANS, output: `${OUTPUT}/client`, logs: { file: false } },
  { input: CLIENTS, output: `${OUTPUT}/portal`, logs: { file: false } },
];
