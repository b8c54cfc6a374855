/** ChatFailureCode is why a run ended without a whole answer, where the reason lies with the chat and not the model. */
export type ChatFailureCode =
  | 'answer_too_long'
  | 'internal'
  | 'interrupted'
  | 'model_interrupted'
  | 'run_timeout'
  | 'server_stopping'
  | 'storage_unavailable'
  | 'token_budget_spent'

const messages: Record<'en' | 'id', Record<ChatFailureCode, string>> = {
  en: {
    answer_too_long: 'The answer grew too long and was cut off.',
    internal: 'Something went wrong on our side. Please ask again.',
    interrupted: 'The answer was interrupted. What was said so far is kept; please ask again.',
    model_interrupted: 'The advisor stopped in the middle of its answer. Please ask again.',
    run_timeout: 'The answer took too long and was cut off.',
    server_stopping: 'The service is restarting. What was said so far is kept; please ask again in a moment.',
    storage_unavailable: 'The answer could not be stored in time. Please look again in a moment.',
    token_budget_spent: 'Your allowance with the advisor for today ran out in the middle of this answer.',
  },
  id: {
    answer_too_long: 'Jawabannya terlalu panjang dan dipotong.',
    internal: 'Ada masalah di pihak kami. Silakan tanyakan lagi.',
    interrupted: 'Jawaban terputus. Yang sudah disampaikan tetap tersimpan; silakan tanyakan lagi.',
    model_interrupted: 'Penasihat berhenti di tengah jawaban. Silakan tanyakan lagi.',
    run_timeout: 'Jawabannya terlalu lama dan dipotong.',
    server_stopping:
      'Layanan sedang dimulai ulang. Yang sudah disampaikan tetap tersimpan; silakan tanyakan lagi sebentar lagi.',
    storage_unavailable: 'Jawaban belum dapat disimpan. Silakan periksa lagi sebentar lagi.',
    token_budget_spent: 'Jatah Anda untuk penasihat hari ini habis di tengah jawaban ini.',
  },
}

/** failureMessage is the sentence that tells a person why an answer ended early. */
export function failureMessage(code: ChatFailureCode, locale: 'en' | 'id'): string {
  return messages[locale][code]
}
