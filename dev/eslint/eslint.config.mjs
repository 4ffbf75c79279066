// Rules for the addon's JavaScript: ESLint's recommended ones and the habits of Odoo's own code.

import js from "@eslint/js";
import globals from "globals";

export default [
    { ignores: ["static/lib/**"] },
    js.configs.recommended,
    {
        files: ["static/**/*.js"],
        languageOptions: {
            ecmaVersion: 2022,
            sourceType: "module",
            globals: { ...globals.browser, odoo: "readonly", owl: "readonly", luxon: "readonly" },
        },
        rules: {
            "no-unused-vars": ["error", { args: "none", caughtErrors: "none", ignoreRestSiblings: true }],
            "no-console": "error",
            "no-debugger": "error",
            "no-restricted-globals": ["error", "event", "self"],
            "no-var": "error",
            "prefer-const": ["error", { destructuring: "all", ignoreReadBeforeAssign: true }],
            curly: ["error", "all"],
            eqeqeq: ["error", "always", { null: "ignore" }],
            "no-useless-concat": "error",
            "object-shorthand": ["error", "always"],
        },
    },
];
