"""What is asked of Shopify's Admin GraphQL API, by the fields that its reference documents."""

from __future__ import annotations

_CREATED = """{
    codeDiscountNode { id codeDiscount {
      ... on DiscountCodeBasic { codes(first: 1) { nodes { id code } } }
      ... on DiscountCodeFreeShipping { codes(first: 1) { nodes { id code } } }
    } }
    userErrors { field code message }
  }"""

CREATE_BASIC = f"""mutation ($discount: DiscountCodeBasicInput!) {{
  discountCodeBasicCreate(basicCodeDiscount: $discount) {_CREATED}
}}"""

CREATE_FREE_SHIPPING = f"""mutation ($discount: DiscountCodeFreeShippingInput!) {{
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $discount) {_CREATED}
}}"""

ADD = """mutation ($discountId: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $discountId, codes: $codes) {
    bulkCreation { id }
    userErrors { field code message }
  }
}"""

LOOK = """query ($id: ID!) {
  discountRedeemCodeBulkCreation(id: $id) {
    done
    codes(first: 250) { nodes { code discountRedeemCode { id } errors { field code message } } }
  }
}"""

OWNER = """query ($code: String!) {
  codeDiscountNodeByCode(code: $code) { id codeDiscount {
    ... on DiscountCodeBasic { title }
    ... on DiscountCodeFreeShipping { title }
  } }
}"""

REMOVE = """mutation ($discountId: ID!, $ids: [ID!], $search: String) {
  discountCodeRedeemCodeBulkDelete(discountId: $discountId, ids: $ids, search: $search) {
    job { id }
    userErrors { field code message }
  }
}"""

DEACTIVATE = """mutation ($id: ID!) {
  discountCodeDeactivate(id: $id) { codeDiscountNode { id } userErrors { field code message } }
}"""

DELETE = """mutation ($id: ID!) {
  discountCodeDelete(id: $id) { deletedCodeDiscountId userErrors { field code message } }
}"""
