function Set-AgentTpm {
    <#
    .SYNOPSIS
    Gives a machine a TPM or takes it; the key protector comes first. One that has none reads as four bytes, never as null.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [bool] $Enabled
    )
    if ([int]$Vm.Generation -eq 1) { return }
    $now = [bool](Get-VMSecurity -VM $Vm).TpmEnabled
    if ($now -eq $Enabled) { return }
    if (-not $Enabled) { Disable-VMTPM -VM $Vm; return }
    if (@(Get-VMKeyProtector -VM $Vm).Count -le 4) { Set-VMKeyProtector -VM $Vm -NewLocalKeyProtector }
    Enable-VMTPM -VM $Vm
    if (-not (Get-VMSecurity -VM $Vm).TpmEnabled) { throw (New-AgentFailure -Code TPM_UNSUPPORTED -Message 'Hyper-V took the TPM and did not give it.' -Pointer '/tpm') }
}
