function Get-AgentSecurity {
    <#
    .SYNOPSIS
    Secure boot, its template by the contract's name, and the TPM of a machine. Generation 1 has none of them.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    $found = @{ SecureBoot = $false; Template = $null; Tpm = $false }
    if ([int]$Vm.Generation -eq 1) { return $found }
    $firmware = Get-VMFirmware -VM $Vm
    $found.SecureBoot = [string]$firmware.SecureBoot -ceq 'On'
    if ($found.SecureBoot) {
        $templates = Get-AgentTemplateName
        $found.Template = @($templates.Keys | Where-Object { $templates[$_] -ceq [string]$firmware.SecureBootTemplate }) + @($null) | Select-Object -First 1
    }
    $found.Tpm = [bool](Get-VMSecurity -VM $Vm).TpmEnabled
    $found
}
