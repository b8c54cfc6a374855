export { DEMO_BUSINESSES, type DemoLogin, type DemoLogins, seedDemo } from './seed-demo.ts'
